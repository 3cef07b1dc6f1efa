"""Code lists: the national statistics codes and the project's own codes for records."""
