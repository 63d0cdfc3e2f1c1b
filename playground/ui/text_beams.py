"""The words of the view of beams."""

from __future__ import annotations

BEAMS: dict[str, str] = {
    "view_beams": "Beams",
    "beam_num_beams": "Beams",
    "beam_num_beams_help": "So many texts are kept at each step, those with the highest sum. 1 is greedy.",
    "beam_length_penalty": "Length penalty",
    "beam_length_penalty_help": (
        "A text is scored by its sum of logprobs ÷ its number of tokens to this power: 0 compares the sums, 1 their "
        "means; above 1 favors long texts."
    ),
    "beam_num_return_sequences": "Texts returned",
    "beam_num_return_sequences_help": "The best so many, at most as many as there are beams.",
    "beam_num_beam_groups": "Groups",
    "beam_num_beam_groups_help": "Diverse beams: equal groups that search one after another at each step. 1 is off.",
    "beam_diversity_penalty": "Diversity penalty",
    "beam_diversity_penalty_help": "What a token loses for each beam of an earlier group that took it. 0 is off.",
    "beam_sample": "Sample",
    "beam_sample_help": "Draw the continuations by luck, under the whole chain, instead of taking the best.",
    "beam_early_stopping": "Stops early",
    "beam_early_stopping_false": "no: when nothing better is in sight",
    "beam_early_stopping_true": "yes: with as many ended texts as beams",
    "beam_early_stopping_never": "never: when nothing better is possible",
    "beam_search": "Search",
    "beam_search_help": "With the model, the prompt, the seed and the length at the side.",
    "beam_fold": "Fold steps without branching",
    "beam_empty": (
        "A beam search keeps several texts at once and goes on with those that are most probable as a whole. Press "
        "Search and watch it decide."
    ),
    "beam_took": "It took {seconds:.1f} s.",
    "beam_old": "Above or at the side something else is set by now; this tree is that of the settings named here.",
    "beam_left_out": "Without “Sample” a search takes the best; of the chain it leaves out: {names}.",
    "beam_no_stop": "Stop texts end no beam.",
    "beam_order": "Here the chain acts in transformers’ order.",
    "beam_omitted": "Not drawn: the first {count} steps; the saved tree has them.",
    "beam_tree": "Tree of the search",
    "beam_returned": "returned by the search",
    "beam_returned_key": "✓ returned by the search: {returned} of the {count} texts in its tree.",
    "beam_rerank": "Ranked with a length penalty of",
    "beam_branch": "The text to this place",
    "beam_branch_help": "The picture below shows what its last token was taken from, under the chain at the side.",
    "beam_path_greedy_label": "greedy",
    "beam_path_sampled_label": "one sampled",
    "beam_path_over": "Lay over it:",
    "beam_path_greedy": "Greedy writes “{text}”: sum {total}, score {score} with length penalty {penalty}.",
    "beam_path_sampled": (
        "With seed {seed} the chain wrote “{text}”: sum {total}, score {score} with length penalty {penalty}."
    ),
    "beam_path_same": "That is the best text of the search, too.",
    "beam_path_even": "The best text of the search, another one, has {score}, too.",
    "beam_path_worse": "That is lower than the best text of the search, {score}.",
    "beam_path_better": "That is higher than the best text of the search, {score}.",
    "beam_path_dropped": "The beams did not keep this one at token {step}.",
    "beam_path_stopped": "The search was stopped before it could write this one to its end.",
    "beam_path_ended": "The search was over before it could write this one to its end.",
    "beam_path_found": "The search finished this one, too, and ranks it by other sums.",
    "beam_path_counted": (
        "Both are scored here by the model’s own logprobs; the search, with its penalties and samplers, gives its best "
        "text {counted}."
    ),
}
