"""How the weights that are kept make up for those that were removed, whatever removed them."""
