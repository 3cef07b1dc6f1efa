"""Indicators of provision (what a school has), one file each."""
