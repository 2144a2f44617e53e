"""Ways to reach somebody: one file each, all with the same few things, and the catalogue of them."""
