"""The devices of `tests/contracts/test_driver.py`: a module for each driver, found by its name."""
