"""The few hot loops: one source each, run uncompiled on small inputs and compiled by numba on large ones."""
