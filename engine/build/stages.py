"""Stages: FROM, and which part of a Dockerfile is built.

    FROM base AS tools        stage 0, called tools
    RUN make
    FROM scratch              stage 1
    COPY --from=tools …       a stage by its name, or by its number: --from=0

What FROM may name: `scratch`, which is nothing; an earlier stage; an image. The
classic builder builds the stages one after the other, also those that the result does
not need, up to the one that `--target` asks for.

Source: the Dockerfile reference, "FROM"; measured on Docker 20.10
Try it: `lab build --target tools .`
"""

from engine.build.arguments import Arguments
from engine.build.dockerfile import Dockerfile, Instruction
from engine.build.expansion import expand_flag, expand_words
from engine.build.stage import Stage
from engine.build.work import Outcome, Work
from engine.errors import BuildFailed, InvalidArgument
from engine.images.importing import architecture
from engine.images.stored import StoredImage

_SCRATCH = "scratch"


def planned(dockerfile: Dockerfile, target: str) -> tuple[Instruction, ...]:
    """The instructions that are carried out: all, or those up to the target's end."""
    if not target:
        return dockerfile.instructions
    wanted, stage, end = None, -1, len(dockerfile.instructions)
    for place, instruction in enumerate(dockerfile.instructions):
        if instruction.name != "FROM":
            continue
        if wanted is not None:
            end = place
            break
        stage += 1
        if target.lower() in (str(stage), name_of(instruction)):
            wanted = stage
    if wanted is None:
        raise InvalidArgument(
            f"failed to reach build target {target} in Dockerfile",
            "A stage has a name by `FROM image AS name`, and its number from 0.",
        )
    return dockerfile.instructions[:end]


def name_of(instruction: Instruction) -> str:
    """What a FROM calls its stage, "" if nothing."""
    return instruction.words[2].lower() if len(instruction.words) == 3 else ""


def begin(
    work: Work, dockerfile: Dockerfile, instruction: Instruction, arguments: Arguments
) -> Stage:
    """Carry out FROM: a new stage, on the image that it names."""
    seen = arguments.for_from()
    name = expand_words(dockerfile, instruction, seen)[0]
    if not name:
        raise BuildFailed(
            f"base name ({instruction.words[0]}) should not be blank",
            "Is the ARG before FROM, and has it a value?",
        )
    _refuse_other_platforms(expand_flag(dockerfile, instruction, "platform", seen))
    arguments.begin_stage()
    stage = Stage(name_of(instruction), arguments)
    stage.begin(None if name == _SCRATCH else base(work, name))
    work.stages.append(stage)
    work.outcome = Outcome(cached=False, why="")
    return stage


def base(work: Work, name: str) -> StoredImage | None:
    """The image of a stage, or of a name."""
    for stage in work.stages:
        if stage.name and stage.name == name.lower():
            return stage.image
    return work.find_image(name)


def source(work: Work, stage: Stage, name: str) -> StoredImage | None:
    """What `COPY --from` names: a stage by its number too, but no later one."""
    earlier = [one for one in work.stages if one is not stage]
    if name.isdecimal():
        if int(name) < len(earlier):
            return earlier[int(name)].image
        raise InvalidArgument(
            f"invalid from flag value {name}: invalid stage index {name}",
            "Stages are counted from 0, and only earlier ones can be copied from.",
        )
    if stage.name and name.lower() == stage.name:
        raise InvalidArgument(
            f"invalid from flag value {name}: a stage cannot copy from itself",
            "Its own files are there already: `RUN cp`.",
        )
    return base(work, name)


def _refuse_other_platforms(asked: str) -> None:
    """--platform is good for one thing here: to say what is so anyway."""
    if not asked:
        return
    system, _, rest = asked.lower().partition("/")
    machine = rest.partition("/")[0] if rest else ""
    aliases = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
    ours = architecture()
    if system != "linux" or aliases.get(machine or ours, machine or ours) != ours:
        raise InvalidArgument(
            f"--platform={asked}: this machine is linux/{ours}",
            "What is run here shares the kernel of this machine, and its processor.",
        )
