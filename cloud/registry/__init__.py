"""What a school owns and when it teaches: schools, rooms, assets, terms, lessons, holidays."""
