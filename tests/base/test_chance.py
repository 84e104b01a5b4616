from scipy.stats import binom

from prunegraph.chance import most_by_luck


def test_a_coin_by_hand():
    # 100 tosses of a fair coin: mean 0.5, standard deviation 0.05.
    assert most_by_luck(0.5, 100) == 0.5 + 3.09 * 0.05


def test_a_guess_exceeds_it_about_once_in_a_thousand_times():
    for share, images in ((0.1, 10_000), (0.01, 10_000), (0.005, 10_000), (0.1, 360)):
        assert 0.0005 < binom.sf(int(most_by_luck(share, images) * images), images, share) < 0.003
