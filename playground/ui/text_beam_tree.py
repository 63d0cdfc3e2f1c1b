"""The words of the picture of a beam search, of its table of texts, and of another length penalty."""

from __future__ import annotations

BEAM_TREE: dict[str, str] = {
    "beams_after": "How the search goes on after “{tail}”",
    "beams_so_far": "Steps: {steps}. Finished texts: {finished}.",
    "beams_goes_on": "The search goes on.",
    "beams_broken": "The search was broken off.",
    "beams_never": "The search was stopped before its first step.",
    "beams_end_full": "The search ended because as many texts are finished as there are beams.",
    "beams_end_no_better": "The search ended because what still ran is no better than the finished texts.",
    "beams_end_length": "The search ended because the texts are as long as was asked for.",
    "beams_end_no_beam": "The search ended because nothing was left to go on with.",
    "beams_end_stopped": "The search was stopped; what ran then is among the texts.",
    "beams_best": "the best text with length penalty {penalty}",
    "beams_best_yet": "the best text so far",
    "beams_lives": "kept",
    "beams_dead": "kept at first, dropped later",
    "beams_pruned": "considered, not kept",
    "beams_more": "so many more were considered",
    "beams_finished": "finished, with its score",
    "beams_running": "runs, or ran when the search ended",
    "beams_greedy": "greedy: always the most probable token",
    "beams_sampled": "one sampled text",
    "beams_prompt": "prompt",
    "beams_axis": "token",
    "beams_more_said": "token {step}: {count} more considered and not kept:\n{names}",
    "beams_greedy_said": "greedy, token {number}: {token}\n{text}",
    "beams_sampled_said": "sampled, token {number}: {token}\n{text}",
    "beams_tip": (
        "<b>{token}</b> · token {number}\nlogprob of the model {logprob}, counted as {step}\n"
        "running sum {total} · score {score}\nplace {rank} of {considered} considered\n{why}\n<i>{text}</i>"
    ),
    "beams_why_kept": "kept: {beams} go on, this is number {rank} of {considered}",
    "beams_why_dropped": "; at token {step} nothing that follows it was kept",
    "beams_why_over": "kept, but then the search was over",
    "beams_why_stopped": "ran when the search was stopped",
    "beams_why_pruned": "not kept: only {beams} go on, those with the highest sums",
    "beams_why_ended_late": "ended, but only the first {beams} considered may finish",
    "beams_why_ended_worse": "ended, but {beams} finished texts score higher",
    "beams_why_eos": "finished: the model ended the text here",
    "beams_why_length": "finished: {tokens} tokens were asked for",
    "beams_texts": "Texts",
    "beams_column_rank": "place",
    "beams_column_score": "score",
    "beams_column_total": "sum of logprobs",
    "beams_column_mean": "mean logprob",
    "beams_column_tokens": "tokens",
    "beams_column_ending": "ended",
    "beams_column_text": "text",
    "beams_ending_eos": "by the model",
    "beams_ending_length": "at the length asked for",
    "beams_ending_stopped": "by Stop",
    "beams_course_own": "This is the length penalty with which the search ran.",
    "beams_course_same": "With length penalty {penalty} the search would have taken the same steps.",
    "beams_course_earlier": "With length penalty {penalty} the search would have ended earlier, at token {step}.",
    "beams_course_later": (
        "With length penalty {penalty} the search would have gone on where this one ended; what it would have found, "
        "only a search can tell."
    ),
    "beams_course_unknown": (
        "How a search with length penalty {penalty} would have gone cannot be told from this one; the table ranks what "
        "is here."
    ),
    "beams_course_tree": "The tree still shows the best text with {penalty}.",
    "beams_course_first": "It would have returned the first text of this table as the best.",
    "beams_course_other": "It would have returned another text than the first of this table as the best.",
}
