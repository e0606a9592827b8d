"""The rules that every chapter keeps, as pure functions: a notebook and its context in, faults out.

A rule takes a notebook (nbformat 4, as ``nbformat.reads`` gives it) and a ``Context``, and returns
one string for each fault, which says where it is and what to do; cells are counted from 0.
Nothing here opens a file: ``test_notebooks.py`` does, and the tests named ``test_rules_...`` show
each rule biting. What a build of the site refuses already (an unknown citation, term, reference,
key or claim) is no rule here. ``reading.page`` turns a Markdown page into a notebook of one cell,
so that rules serve pages too.
"""

from invariants.code import (
    imports_first,
    line_length,
    offline,
    parses,
    public_names,
    seeds_named,
)
from invariants.exercises import (
    exercise_cells,
    exercise_checks,
    exercise_headings,
    exercise_kinds,
    exercise_outputs,
)
from invariants.figures import (
    figure_alt,
    figure_caption,
    figure_code_hidden,
    figure_count,
    figure_format,
    figure_name,
    figure_read,
    interactive_figure,
    interactive_table,
)
from invariants.ledger import claims_measured, unused_bibliography
from invariants.outputs import executed_in_order, no_stderr, no_stored_error, size
from invariants.prose import (
    hand_typed_numbers,
    header,
    raw_html_roles,
    reading_time,
    skeleton,
    typed_references,
    well_formed,
    words,
)
from invariants.quiz import quiz_choices, quiz_lengths, quiz_places, quiz_questions
from invariants.quotes import quote_formats, quotes_used

CHAPTER_RULES = (
    well_formed, skeleton, header, reading_time, words, raw_html_roles, typed_references,
    hand_typed_numbers,
    line_length, parses, imports_first, public_names, offline, seeds_named,
    executed_in_order, no_stored_error, no_stderr, size,
    figure_format, figure_alt, figure_caption, figure_name, figure_count, figure_read,
    figure_code_hidden, interactive_figure, interactive_table,
    exercise_headings, exercise_kinds, exercise_cells, exercise_checks, exercise_outputs,
    quiz_questions, quiz_choices,
    quote_formats, quotes_used, claims_measured,
)  # fmt: skip
PAGE_RULES = (raw_html_roles, typed_references)
BOOK_RULES = (unused_bibliography, quiz_places, quiz_lengths)
RULES = CHAPTER_RULES + BOOK_RULES
