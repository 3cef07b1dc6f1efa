"""Scoring: evidence, indicators, findings and the score against a versioned standard.

- `standard` defines what is asked: clauses, attainment curves, editions.
- `evidence` collects what is known about a school.
- `indicators` turn evidence into values, one file each.
- `engine` compares values with the standard and computes findings and scores.
"""
