"""Build: a Dockerfile and some files become an image.

The whole of it:

    builder.py       instruction by instruction, from FROM to the last
    options.py       what was asked, and what is told while it goes on
    work.py          what all steps share, and how each of them ends
    stage.py         what has been made of one stage so far
    arguments.py     ARG, and who may see it

What each instruction does:

    stages.py        FROM
    running.py       RUN: a container, its exit status, a commit
    scene.py         … and what it leaves if it fails
    copying.py       COPY, ADD, WORKDIR
    metadata.py      those that change no file

Where copied files come from, and where they go:

    context.py       the files that a build may see
    trees.py         a context, or the files of an image, to be copied from
    sources.py       what COPY was asked to take
    fingerprints.py  by what COPY knows a file again
    downloads.py     a URL of ADD
    workbench.py     the files of an image, to be changed without a container
    placing.py       a file on its way into them
    transfer.py      one source, put where it goes

What is made, and made again:

    fetched.py       what is told of a base that comes from a registry
    ledger.py        images that the store does not know yet
    cache.py         what a step made the last time

What the file says, without doing any of it:

    source.py        a text from outside, and errors that point into it
    lines.py         what counts as one line: continuations, comments, directives
    heredocs.py      a file within the file: `RUN <<EOF` … `EOF`
    words.py         a line cut into words, and where each began
    flags.py         `--from=base`: which instruction has which
    grammar.py       how each of the eighteen instructions is read and checked
    instruction.py   … as a record
    advice.py        what is no error, and hardly meant
    dockerfile.py    all of that: bytes -> instructions

What its words mean, at the moment when they are used:

    substitution.py  `$x`, `${x:-y}`, quotes and escapes
    expansion.py     … of which words of which instruction
    healthcheck.py   HEALTHCHECK, as an image's config has it

What the build may see:

    ignore.py        .dockerignore, by Docker's rules
    globs.py         … its patterns, name by name

Read builder.py first, or dockerfile.py.

Try it: `lab build .`
"""
