"""What the runner itself says, in each language.

The English text is the key, as gettext does it, so the code stays readable where it
speaks: `say("Nothing to go back to.")`. A text without a translation stays English.

Try it: `LANG=zh_CN.UTF-8 lab learn`
"""

import os

WORDS = {
    "next": "go on to the next step",
    "back": "look at the step before",
    "goto": "go to a step: `:goto 3`; what lies between is skipped",
    "again": "show this step once more",
    "hint": "a hint; ask again for a more concrete one",
    "check": "look at what I have done, and say what is missing",
    "answer": "answer the question: `:answer 2`",
    "solution": "the reference solution, once the step is passed",
    "why": "why it worked, once the step is passed",
    "source": "the engine's own source: `:source engine.files:atomic_write`",
    "progress": "the steps of this lesson, and my points",
    "drill": "a question from a finished lesson, before it is forgotten",
    "skip": "go on without the points of this step",
    "panic": "make everything as it was when this step began; points stay",
    "reset": "begin again: `:reset step`, `:reset lesson` or `:reset all`",
}

_CHINESE = {
    # The words.
    "go on to the next step": "继续下一步",
    "look at the step before": "回看上一步",
    "go to a step: `:goto 3`; what lies between is skipped": (
        "去某一步：`:goto 3`；中间的步骤会跳过"
    ),
    "show this step once more": "把这一步再显示一遍",
    "a hint; ask again for a more concrete one": "给一个提示；再问一次会更具体",
    "look at what I have done, and say what is missing": "检查我做的，告诉我还差什么",
    "answer the question: `:answer 2`": "回答问题：`:answer 2`",
    "the reference solution, once the step is passed": "参考解法（通过这一步之后）",
    "why it worked, once the step is passed": "为什么会这样（通过这一步之后）",
    "the engine's own source: `:source engine.files:atomic_write`": (
        "看引擎的源码：`:source engine.files:atomic_write`"
    ),
    "the steps of this lesson, and my points": "本课的各个步骤和我的得分",
    "a question from a finished lesson, before it is forgotten": (
        "复习学完的课里的一个问题，趁还没忘"
    ),
    "go on without the points of this step": "跳过这一步，不要它的分",
    "begin again: `:reset step`, `:reset lesson` or `:reset all`": (
        "重新开始：`:reset step`、`:reset lesson` 或 `:reset all`"
    ),
    "make everything as it was when this step began; points stay": (
        "把一切恢复成这一步开始时的样子，得分保留"
    ),
    # Kinds of step.
    "read": "阅读",
    "watch": "观察",
    "predict": "预测",
    "explain": "解释",
    "do": "动手",
    # What happens.
    "Setting up …": "正在准备环境……",
    "The machine or the engine is another: setting up again …": (
        "换了引擎或者机器重启过，正在重新准备环境……"
    ),
    "`:next` goes on.": "输入 `:next` 继续。",
    "Choose with `:answer NUMBER`. You have one try.": (
        "用 `:answer 序号` 作出选择，只有一次机会。"
    ),
    "Answer with `:answer …`.": "用 `:answer …` 回答。",
    "Work freely, it is noticed. `:hint` helps, `:check` says what is missing.": (
        "随你怎么做，做成了会自动识别。`:hint` 给提示，`:check` 告诉你还差什么。"
    ),
    "Choose with `:answer NUMBER`.": "用 `:answer 序号` 作出选择。",
    "{right} of {all} are right. You will hear which at the end.": (
        "{all} 题中答对 {right} 题。是哪几题，最后会告诉你。"
    ),
    "Begin with {lesson}: `lab learn {lesson}`": (
        "从 {lesson} 开始：`lab learn {lesson}`"
    ),
    "before, after": "之前，之后",
    "It is there.": "就在那里。",
    "It is not there.": "不在那里。",
    "Running the proof on your copy …": "正在你的副本上运行验证……",
    "Mended: it does what a sound engine does.": "修好了：它的行为和正常的引擎一样。",
    "The source is in": "源码在",
    "In another terminal: `lab mutant NAME --check`, `--function`.": (
        "在另一个终端里：`lab mutant 名字 --check`、`--function`。"
    ),
    "number": "序号",
    "{before} of {all} before, {after} after.": (
        "共 {all} 题：之前答对 {before} 题，之后答对 {after} 题。"
    ),
    "Nothing is to be repeated today.": "今天没有要复习的。",
    "the next one:": "下一题：",
    "There is nothing to repeat before a lesson is finished.": (
        "学完一课之后才有可以复习的。"
    ),
    "due:": "待复习：",
    "`:drill` asks the next one.": "`:drill` 问下一题。",
    "A prediction is made once.": "预测只有一次。",
    "That is it.": "正确。",
    "That is not it.": "不对。",
    "Right.": "猜对了。",
    "Not so.": "并非如此。",
    "It is:": "正确的是：",
    "No answer yet: `:answer …`.": "还没有回答：`:answer …`。",
    "There is no container {subject}.": "没有名为 {subject} 的容器。",
    "There is no image {subject} yet.": "还没有镜像 {subject}。",
    "There is no volume {subject}.": "没有名为 {subject} 的数据卷。",
    "{subject} is not running.": "{subject} 没有在运行。",
    "The check could not run: {subject}.": "检查无法运行：{subject}。",
    "This says nothing about your work, and costs no points.": (
        "这与你做得对不对无关，不会扣分。"
    ),
    "`:reset step` sets everything up again.": "`:reset step` 会重新准备好一切。",
    "This step is not done yet.": "这一步还没有完成。",
    "`:skip` goes on without its points.": "`:skip` 跳过，不要这一步的分。",
    "Skipped: done for you, without points.": "已跳过：替你做好了，不计分。",
    "There is nothing to answer here.": "这一步没有问题要回答。",
    "Nothing is checked in this step.": "这一步没有要检查的。",
    "There is no hint for this step.": "这一步没有提示。",
    "Not before the step is passed.": "先通过这一步再看。",
    "This is the first step.": "这已经是第一步。",
    "No lesson is open.": "还没有打开课程。",
    "`lab learn` opens one; `lab lesson list` shows which there are.": (
        "`lab learn` 打开一课；`lab lesson list` 列出所有课程。"
    ),
    "`:reset step`, `:reset lesson` or `:reset all`?": (
        "是 `:reset step`、`:reset lesson` 还是 `:reset all`？"
    ),
    "Back at the beginning of this step.": "已回到这一步的开头。",
    "All is as it was when this step began.": "一切都已恢复成这一步开始时的样子。",
    "The lesson is as if it had never begun.": "这一课已恢复成从未开始的样子。",
    "All progress is forgotten.": "所有进度都已清除。",
    "`:source engine.files:atomic_write`, for example.": (
        "例如 `:source engine.files:atomic_write`。"
    ),
    "removed:": "已删除：",
    "step": "步骤",
    "points": "分",
    "point": "分",
    "The lesson is finished.": "本课完成。",
    "`lab grade` shows your points; `lab learn` opens the next lesson.": (
        "`lab grade` 查看得分；`lab learn` 打开下一课。"
    ),
    "All lessons are finished.": "所有课程都已完成。",
    "`lab learn` begins with {lesson}: {title}": (
        "`lab learn` 从 {lesson} 开始：{title}"
    ),
    "You are at step {step} of {steps} of {lesson}, with {earned} of {most} points:"
    " `lab learn` goes on.": (
        "你学到了 {lesson} 的第 {step} 步（共 {steps} 步），已得 {earned}/{most} 分："
        "`lab learn` 继续。"
    ),
    "`docker` is not installed here. A stand-in of that name makes the same requests; "
    "`apt-get install docker.io` (Debian 13: docker-cli) would install the real one.": (
        "这里没有安装 `docker`。同名的替身会发出同样的请求；"
        "`apt-get install docker.io`（Debian 13：docker-cli）可以装上真的。"
    ),
    "Interrupted. `lab learn` goes on with the lesson.": (
        "已中断。`lab learn` 继续这一课。"
    ),
    "The lesson is finished. `:reset lesson` begins it again.": (
        "本课已完成。`:reset lesson` 重新开始。"
    ),
    "Not saved. It is kept, and tried again with each command.": (
        "没有存上。进度先留在内存里，每执行一条命令就再试一次。"
    ),
    "Your progress is saved again.": "进度又能保存了。",
    "{file} is exported.": "已导出到 {file}。",
    "{file} is merged: {earned} points before, {now} now.": (
        "已合并 {file}：之前 {earned} 分，现在 {now} 分。"
    ),
    "You predicted:": "你的预测：",
    "You answered:": "你的回答：",
    "Why": "为什么",
    "minutes": "分钟",
    "in": "位于",
    "open": "未完成",
    "passed": "通过",
    "wrong": "未猜中",
    "skipped": "已跳过",
}

_LANGUAGES = {"zh": _CHINESE}


def translate(text: str, language: str) -> str:
    """`text` in another language, or as it is."""
    return _LANGUAGES.get(language, {}).get(text, text)


def language_of_terminal() -> str:
    """The language that the environment asks for, as a lesson's file names it."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value[:2] if value[:2] in _LANGUAGES else "en"
    return "en"
