"""Networks: who can reach whom, from the machine's side of the wall.
"""
