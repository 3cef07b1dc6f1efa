"""An equipment standard as code: clauses, attainment curves, editions, differences."""
