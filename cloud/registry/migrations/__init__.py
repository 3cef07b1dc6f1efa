"""Every version of the registry's tables, oldest first; `Registry.open` applies what is missing."""
