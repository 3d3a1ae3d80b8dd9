"""The measuring harness of `make quality`: Slowworm and the rules of other tools on the same labelled flows."""
