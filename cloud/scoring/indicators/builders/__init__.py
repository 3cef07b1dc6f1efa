"""Builders shared by several indicators."""
