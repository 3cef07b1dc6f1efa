"""A whole city of schools: their books, what their devices did and said, and what is true of them.

All of it follows from a seed and the last day: the same city gives the same rows, however many
processes make it. A school's draws depend on nothing but the seed and its place in the city, so
they are the same however the work is cut.

- `schools` decides who there is, so that the city's sums meet the figures of the plan
- `characters` says which of them are honest, neglected, broken or playing the system
- `rooms`, `lessons`, `ledger` and `papers` are a school's books; `books` writes them
- `fleet` is its connected devices, `habits` what people do with them on a day, `mischief` what the
  cloud is told instead, `slots` and `readings` the files of it
- `city` makes all of it, `wire` sends some of it over the real write API
"""
