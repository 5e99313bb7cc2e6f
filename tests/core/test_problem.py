from reconciler.core.problem import Origin, Problem


def test_a_problem_is_one_line_that_leads_to_the_place() -> None:
    problem = Problem(
        Origin("manifests/support.yaml", 7, 11), "text is empty", "give a text or remove the line"
    )
    assert str(problem) == "manifests/support.yaml:7:11: text is empty; give a text or remove the line"


def test_problems_sort_by_file_then_line_then_column() -> None:
    places = [
        Origin("b.yaml", 1, 1),
        Origin("a.yaml", 10, 1),
        Origin("a.yaml", 9, 12),
        Origin("a.yaml", 9, 2),
    ]
    problems = [Problem(place, "what", "todo") for place in places]
    assert [problem.origin for problem in sorted(problems)] == [places[3], places[2], places[1], places[0]]
