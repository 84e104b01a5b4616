"""What can happen to a file, with its times kept."""

import os


def _keeping_times(change):
    def damage(path, other=None):
        times = path.stat()
        change(path, other)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    return damage


def _flip(path, _):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


#: Kind of damage -> function of the file's path and of another file of its sort, which `swapped` puts in its place.
DAMAGES = {
    "flip": _keeping_times(_flip),
    "half": _keeping_times(lambda path, _: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])),
    "empty": _keeping_times(lambda path, _: path.write_bytes(b"")),
    "swapped": _keeping_times(lambda path, other: path.write_bytes(other.read_bytes())),
}
