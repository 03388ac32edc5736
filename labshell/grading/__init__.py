"""Grading: from what was done to points that can be read, by people and programs.

One's own lessons, from the progress that was saved:

    result.py      a grade as data, and its JSON
    grade.py       … from a student's progress
    table.py       … as a table

Marked work, in the order in which it comes about:

    assignment.py  what is asked for, read from assignment.yaml
    needs.py       what an item asks of the machine; pins.py: what all of it was once
    limits.py      … and how much of the machine that may take
    course.py      key, tokens and roster of a course
    kit.py         a new assignment; what students get of it
    packing.py     what a student hands in, gathered
    layout.py      … images, file by file
    submission.py  … its form, and how it is read without being unpacked
    work.py        what a check is given; paper.py: an image of it
    runs.py        what of it is to be run; ran.py: what came of that
    sandbox.py     … in a container of its own; scratch.py: on a disk of its own
    inner.py       … in which there is an engine; left.py: what of it is still there
    divisions.py   … and how many control groups that may make
    dialog.py      … by somebody who types, on a terminal: talking.py
    runner.py      … all scripts of one submission
    lesson_checks.py  a lesson's check, where it looks only at what is handed in
    marking.py     every check looks at one submission
    inspector.py   … in a process that is nobody; looker.py: after what must run has run
    classroom.py   whose each file is, and one row for every student
    intake.py      which files were handed in, and when each came
    part.py        … only some of them: who is not looked at stays as they were
    former.py      … all of another class: what would be lost of the first
    rounds.py      many files, several at once; journal.py: what was done already
    cluster.py     … on other machines: each worker there has a desk.py
    sheets.py      the tables that a teacher keeps: overrides.py, points that a person
                   gives; accommodations.py, more days or more time
    rows.py        a row as data, and its JSON; reports/: tables and files
    gradescope/    an autograder to upload there
    visible.py     a look with the visible checks alone
    grading.py     all of that for a class, from files to a folder of marks
    kept.py        … read back; comparing.py: what a regrade changes
    traces.py      what can be said of a submission beside its marks, noted by tracer.py
    honesty.py     … for staff to look at; viva.py: … as questions to its student
    triage.py      what went wrong, in groups
    keeping.py     when that was, and how it goes; disclosure.py: what is kept of one
    trial.py       an assignment, solved by its own solution

Try it: `lab grade`; `lab assignment new layers-1; lab assignment try layers-1`
"""
