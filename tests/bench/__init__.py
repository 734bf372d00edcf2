"""The benchmark: everything side by side in one run, told as ratios. Start it with `make bench`."""
