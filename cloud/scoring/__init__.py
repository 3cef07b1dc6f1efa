"""From evidence to findings to a score: what is, then what it is worth.

`gather` collects evidence, `indicators` say what it amounts to, a `standard` says what is asked,
`engine` holds the one against the other, `words` puts a finding into sentences.
"""
