"""The verbs: which there are, and where each one lives.

A verb is imported when it is asked for, and not before: `lab rm` does not pay for
what `lab doctor` needs. So this table names a module and a function for each verb,
and `grammar.Verbs` looks them up. Headings and order are those of `lab --help`.

What the verbs have in common:

    grammar.py   how a line is read; branching.py  a verb with verbs of its own
    options/     what `run` and `create` can be asked for, a file a heading
    values.py    what is typed after an option, as the engine takes it
    suggest.py   what TAB offers
    groups.py    `lab container …`, `lab image …`: the same verbs by kind of thing, and
                 those of volumes.py, networks.py, registry.py, daemon.py, pruning.py,
                 system.py
    authors.py   `lab lesson new|lint|preview|test`, for those who write lessons
    assignment.py   `lab assignment`, pinning.py one verb of it, `lab submit`;
                 grade.py  `lab grade`, and reporting.py its reports
    marks.py     `lab grade triage|viva|export|purge`: what to do with marks later
    mutant.py    `lab mutant`: an engine with a fault, to be found and mended
    inventory.py `lab lesson inventory`: what one knows, before the lessons and after
    cidfile.py   --cidfile
    explaining.py   --explain, for each verb that acts
    stepping.py  --step
    picture.py   one picture, drawn, in sentences, or as JSON; once, or live
    report.py    what a command says when it fails

Try it: `lab --help`, then `python -X importtime -m labshell rm 2>&1 | grep labshell`
"""

VERBS = {
    "Run containers": {
        "run": "labshell.commands.run:run",
        "create": "labshell.commands.run:create",
        "start": "labshell.commands.lifecycle:start",
        "stop": "labshell.commands.lifecycle:stop",
        "restart": "labshell.commands.lifecycle:restart",
        "resume": "labshell.commands.lifecycle:resume",
        "kill": "labshell.commands.lifecycle:kill",
        "pause": "labshell.commands.lifecycle:pause",
        "unpause": "labshell.commands.lifecycle:unpause",
        "wait": "labshell.commands.lifecycle:wait",
        "rename": "labshell.commands.lifecycle:rename",
        "update": "labshell.commands.update:update",
        "rm": "labshell.commands.lifecycle:rm",
    },
    "Work with containers": {
        "ps": "labshell.commands.listing:ps",
        "stats": "labshell.commands.measuring:stats",
        "top": "labshell.commands.measuring:top",
        "logs": "labshell.commands.logs:logs",
        "exec": "labshell.commands.exec:exec_",
        "attach": "labshell.commands.attach:attach",
        "cp": "labshell.commands.copy:cp",
        "diff": "labshell.commands.listing:diff",
        "export": "labshell.commands.archives:export",
        "inspect": "labshell.commands.inspect:inspect",
        "port": "labshell.commands.port:port",
        "events": "labshell.commands.events:events",
    },
    "Images": {
        "images": "labshell.commands.images:images",
        "build": "labshell.commands.build:build",
        "scene": "labshell.commands.build:scene",
        "history": "labshell.commands.images:history",
        "commit": "labshell.commands.commit:commit",
        "tag": "labshell.commands.images:tag",
        "rmi": "labshell.commands.images:rmi",
        "pull": "labshell.commands.registries:pull",
        "push": "labshell.commands.registries:push",
        "login": "labshell.commands.login:login",
        "logout": "labshell.commands.login:logout",
        "save": "labshell.commands.archives:save",
        "load": "labshell.commands.archives:load",
        "import": "labshell.commands.archives:import_",
        "rootfs": "labshell.commands.groups:rootfs",
    },
    "See how it works": {
        "mounts": "labshell.commands.pictures:mounts",
        "tree": "labshell.commands.pictures:tree",
        "layers": "labshell.commands.pictures:layers",
        "states": "labshell.commands.pictures:states",
        "net": "labshell.commands.pictures:net",
        "acts": "labshell.commands.acts:acts",
        "watch": "labshell.commands.watching:watch",
    },
    "Learn": {
        "shell": "labshell.commands.shell:shell",
        "learn": "labshell.commands.learn:learn",
        "explain": "labshell.commands.explain:explain",
        "notes": "labshell.commands.lessons:notes",
        "lesson": "labshell.commands.lessons:lesson",
        "mutant": "labshell.commands.mutant:mutant",
    },
    "Marked work": {
        "submit": "labshell.commands.assignment:submit",
        "grade": "labshell.commands.grade:grade",
        "assignment": "labshell.commands.assignment:assignment",
    },
    "By kind of thing": {
        "container": "labshell.commands.groups:container",
        "image": "labshell.commands.groups:image",
        "manifest": "labshell.commands.groups:manifest",
        "volume": "labshell.commands.groups:volume",
        "network": "labshell.commands.groups:network",
        "registry": "labshell.commands.groups:registry",
        "daemon": "labshell.commands.groups:daemon",
        "system": "labshell.commands.groups:system",
    },
    "This machine": {
        "doctor": "labshell.commands.doctor:doctor",
        "completion": "labshell.commands.completion:completion",
    },
}
