"""The index as a picture: where each chunk of a generation stands on a map, drawn once and kept.

May import what lies below the page; the page asks here, and draws what it gets.
"""
