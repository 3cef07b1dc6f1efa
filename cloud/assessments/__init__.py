"""Assessments that nothing changes, selections from them, and the procedure around both."""
