"""Use of assets: usage slots joined with timetable and ledger, rolled up per day and term."""
