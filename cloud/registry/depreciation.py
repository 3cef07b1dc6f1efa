"""What an asset is still worth in the books: straight-line depreciation. Pure.

The rule is that of Government Accounting Standard No. 3 (政府会计准则第3号——固定资产), from memory:
equal amounts each month, the month of acquisition included, down to nothing. Worn-out assets that
are still used stay at nothing.
"""

import datetime as dt

MONTHS_OF_A_YEAR = 12


def months_used(acquired: dt.date, today: dt.date) -> int:
    """Return the months for which depreciation is booked by the end of this month; 0 if none."""
    months = (today.year - acquired.year) * MONTHS_OF_A_YEAR + today.month - acquired.month + 1
    return max(0, months)


def net_value_fen(cost_fen: int, months: int, life_months: int, floor_fen: int = 0) -> int:
    """Return the value left after some months, in fen; never below the floor.

    Each month takes (cost - floor) ÷ life, so 1,300 yuan with a floor of 100 over 12 months are
    1,200 after one month and 1,100 after two.
    """
    if cost_fen <= floor_fen:
        return cost_fen
    if life_months <= 0:
        return floor_fen
    taken = (cost_fen - floor_fen) * min(months, life_months) / life_months
    return round(cost_fen - taken)
