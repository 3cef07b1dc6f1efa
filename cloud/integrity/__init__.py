"""Integrity checks: what does not fit in a school's evidence, as questions with their evidence.

- `facts` is what is looked at, `thresholds` when it is odd enough to ask
- `check` says what a check is; `checks/` holds them, a file each
- `results` runs them over all schools, and puts what they found into words
- `agreement` holds declared figures against what was measured
- `gather` adds to the evidence of a score what the checks need besides
"""
