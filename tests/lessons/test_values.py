"""Values differ from student to student, and never change for one."""

from labshell.lessons.values import Rule, derive, fill, shuffled

RULES = {
    "tree": Rule(pick=("oak", "elm", "ash")),
    "token": Rule(hexadecimal=12),
    "port": Rule(number=(4000, 4009)),
}


def test_one_seed_always_gives_the_same_values():
    assert derive("seed", "a/b", RULES) == derive("seed", "a/b", RULES)


def test_values_keep_to_their_rules():
    for number in range(50):
        values = derive(str(number), "a/b", RULES)
        assert values["tree"] in ("oak", "elm", "ash")
        assert len(values["token"]) == 12
        assert 4000 <= int(values["port"]) <= 4009


def test_students_and_lessons_differ():
    tokens = {derive(s, x, RULES)["token"] for s in "abc" for x in ("x/y", "x/z")}
    assert len(tokens) == 6


def test_every_choice_of_a_rule_comes_up():
    trees = {derive(str(n), "a/b", RULES)["tree"] for n in range(50)}
    assert trees == {"oak", "elm", "ash"}


def test_only_known_names_are_filled_in():
    assert fill("{{a}} {{b}} {c}", {"a": "1"}) == "1 {{b}} {c}"


def test_the_order_of_choices_is_the_students_own():
    keys = ("a", "b", "c", "d")
    orders = {tuple(shuffled(str(n), "guess", keys)) for n in range(30)}
    assert len(orders) > 5
    assert all(sorted(order) == list(keys) for order in orders)
