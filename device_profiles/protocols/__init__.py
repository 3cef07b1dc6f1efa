"""The protocols that devices speak, a module each; see `device_profiles.protocol`."""

import pkgutil


def names() -> tuple[str, ...]:
    """Return the names of the protocols, sorted; loads none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
