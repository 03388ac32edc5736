"""Grading: from what was done to points that can be read, by people and programs.

    result.py   a grade as data, and its JSON
    grade.py    a student's own result, from the progress that was saved
    table.py    the same as a table

Try it: `lab grade`, `lab grade --json`
"""
