"""A whole city of schools: their records, their devices, what these report, and what is true.

All of it follows from a seed and the last day: the same city gives the same rows, however many
processes make it. A school's random draws depend on nothing but the seed and its place in the city,
so they are the same however the work is divided.

- `schools` makes the schools, so that the city's sums meet the figures of the plan
- `school_profiles` assigns which of them are honest, neglected, broken or tampering
- `rooms`, `lessons`, `ledger` and `records` are a school's records; `csv_files` writes them
- `fleet` is its connected devices, `habits` what people do with them on a day, `tampering` what the
  cloud receives instead, `slots` and `readings` the files of it
- `city` makes all of it, `send` sends some of it over the real write API
"""
