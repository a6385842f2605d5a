"""Which contacts are one person: evidence, links, suggestions, and what a customer may see.

`merging` lists the steps of making and undoing a link, with their modules in order. Knows
conversations and switches. Sends nothing.
"""
