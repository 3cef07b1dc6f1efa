"""How robust a ranking is: Monte Carlo rank intervals and Sobol sensitivity indices. Pure."""
