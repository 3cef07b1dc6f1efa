"""Selection of model schools under quotas and rules, with an explanation for every school. Pure."""
