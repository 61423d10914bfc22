//! The suite that every backend must pass: each case proves a sentence of the documentation of [`Store`](crate::Store) or
//! [`model`](crate::model).
//!
//! A backend writes one line in its tests. The expression opens a fresh, empty store; it may be async and may hold more than the store (a
//! folder to clean up), as long as it dereferences to it:
//!
//! ```ignore
//! leadgate_store::conformance_suite!(open_fresh_store().await);
//! ```
//!
//! The cast: [`samples`] makes submissions, jobs and turns; [`filled`] fills a store; [`model`] is what a store does under random actions, for a
//! property that a backend writes itself; the other modules hold the cases, by subject. Time is made up, in seconds from an arbitrary start;
//! nothing sleeps.
// These functions are tests in all but name.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod accounts;
pub mod deliveries;
pub mod duties;
pub mod erasure;
pub mod filled;
pub mod imports;
pub mod instances;
pub mod intake;
pub mod leases;
pub mod memory;
pub mod mirror;
pub mod model;
pub mod ordering;
pub mod plans;
pub mod retention;
pub mod samples;
pub mod turns;
pub mod views;

/// Expands to one test for each case, against what the expression opens.
#[macro_export]
macro_rules! conformance_suite {
    ($open:expr) => {
        $crate::conformance_suite! { @cases $open;
            intake: [
                a_submission_is_kept_as_it_came,
                a_large_body_is_kept_byte_for_byte,
                a_repeat_by_key_is_told_from_a_reused_key,
                a_key_is_remembered_for_its_time,
                keys_are_remembered_for_minutes_and_for_years,
                a_repeat_by_content_is_recognised_for_its_time,
                a_key_and_content_with_the_same_digest_are_two_things,
                of_concurrent_repeats_exactly_one_is_accepted,
                concurrent_submissions_are_all_kept,
                the_unplanned_come_in_order_of_arrival,
                the_unplanned_of_the_most_urgent_lane_come_first,
                an_unknown_submission_has_no_story,
                an_accepted_submission_is_signalled,
                several_submissions_are_kept_in_order,
                a_repeat_among_several_is_told_by_itself,
                several_at_once_by_two_callers_are_told_apart,
            ];
            plans: [
                a_plan_becomes_a_job_that_is_due,
                what_cannot_be_planned_is_parked,
                what_cannot_be_planned_is_listed_and_counted,
                what_could_not_be_planned_is_planned_anew_when_released,
                a_submission_that_was_planned_meanwhile_is_left_alone,
                a_plan_for_an_unknown_submission_is_ignored,
                jobs_are_numbered_in_order_of_arrival,
                plans_handed_over_in_disorder_are_queued_in_order_of_arrival,
                a_plan_is_signalled,
            ];
            ordering: [
                jobs_of_one_identity_go_one_after_another,
                jobs_of_different_identities_go_at_once,
                a_job_with_two_identities_waits_for_both,
                whoever_is_first_stays_first_between_turns,
                a_parked_job_lets_the_next_go,
                an_identity_is_kept_in_order_across_lanes,
                an_added_identity_waits_behind_its_holders,
                an_added_identity_is_held_against_those_who_come_later,
                jobs_never_wait_for_each_other_in_a_circle,
                a_released_job_that_holds_what_another_adds_does_not_block_it,
                adding_an_identity_that_is_held_already_changes_nothing,
                a_long_queue_is_worked_off_in_order,
                the_most_urgent_lane_goes_first,
                each_lane_has_its_limit,
                each_way_of_packing_has_its_limit,
                a_closed_lane_lends_new_jobs,
            ];
            leases: [
                a_leased_job_is_not_leased_again,
                a_job_is_not_leased_before_it_is_due,
                a_lease_that_ended_is_taken_over_and_marked,
                the_mark_is_the_earliest_lost_lease_and_a_turn_clears_it,
                a_turn_under_a_lost_lease_is_not_recorded,
                turns_are_told_apart_within_one_transaction,
                a_recorded_turn_ends_its_lease,
                leases_of_a_dead_worker_are_given_up,
                leases_of_all_workers_are_given_up,
                leases_that_a_worker_does_not_know_of_are_given_up,
            ];
            turns: [
                a_turn_moves_the_job_on,
                a_finished_job_shows_its_outcome,
                a_parked_job_shows_its_reason,
                the_end_is_signalled,
                work_that_is_due_at_once_is_signalled,
                an_end_signals_work_to_those_behind,
                a_released_job_is_due_with_its_failures_forgotten,
                a_released_job_waits_behind_younger_ones,
                only_parked_jobs_are_released,
                all_parked_jobs_are_released_at_once,
            ];
            memory: [
                what_was_learned_is_recalled,
                what_was_learned_long_ago_is_not_recalled,
                of_a_record_that_is_gone_nothing_is_known,
                the_same_record_adds_to_what_is_filled,
                another_record_takes_the_place_of_the_first,
                notes_on_records_among_the_keys_are_known,
                the_budget_is_kept_with_the_turns,
                a_budget_is_exchanged_for_the_one_that_was_seen,
                a_turn_is_recorded_without_a_budget_that_is_outdated,
                the_catalog_is_kept_by_section,
                an_app_key_is_replaced_by_name,
                what_an_app_key_may_do_is_kept,
                whose_turn_it_is_is_kept_with_the_plans,
                profiles_are_kept_with_their_plans,
                a_profile_is_what_the_last_plan_said,
                profiles_of_a_plan_that_is_not_recorded_are_not_kept,
            ];
            mirror: [
                what_a_plan_saw_is_kept_with_it,
                a_plan_from_a_record_that_has_changed_is_not_kept,
                a_plan_that_was_kept_before_changes_nothing,
                filling_the_mirror_replaces_nothing,
                a_watch_goes_on_where_it_was,
                a_watch_that_was_moved_meanwhile_stays,
                the_latest_notification_is_found,
            ];
            deliveries: [
                a_turn_keeps_its_deliveries,
                a_delivery_is_kept_once,
                a_line_goes_one_after_another,
                lines_and_destinations_do_not_wait_for_each_other,
                a_leased_delivery_comes_up_again_when_its_lease_ends,
                leases_of_deliveries_of_a_dead_worker_are_given_up,
                an_attempt_under_a_lost_lease_is_not_recorded,
                a_delivery_waits_for_its_time_and_holds_its_line,
                a_parked_delivery_lets_the_next_go,
                a_delivery_tells_its_story,
                a_replayed_delivery_goes_behind_its_line,
                all_parked_deliveries_are_replayed,
                a_destination_that_is_switched_off_takes_only_tests,
                what_waits_for_no_destination_is_parked,
                deliveries_are_filtered,
                destinations_are_counted,
                a_delivery_is_signalled,
            ];
            erasure: [
                what_is_the_persons_goes_and_what_is_not_stays,
                a_repeat_of_what_was_forgotten_is_recognised,
                a_turn_of_forgotten_work_is_not_recorded,
                the_crm_is_asked_before_what_arrives_later,
                a_job_that_waits_for_the_gateway_is_listed,
                what_is_remembered_of_the_person_goes,
                a_record_leads_to_who_was_made_unseen,
                deliveries_of_the_person_are_not_made,
                counting_changes_nothing,
                open_work_of_others_is_left_alone,
            ];
            duties: [
                a_duty_is_held_by_one,
                a_duty_is_taken_over_when_it_ends,
                duties_are_given_up,
                a_plan_of_a_former_planner_is_not_kept,
                a_planned_moment_begins_once,
            ];
            instances: [
                everybody_sees_the_beats_of_the_others,
                what_the_dead_held_is_taken_over,
                the_living_keep_what_they_hold,
                whoever_has_beaten_since_is_not_buried,
                nobody_is_buried_twice,
            ];
            retention: [
                submissions_that_landed_long_ago_are_removed,
                what_is_open_or_parked_stays,
                a_submission_stays_while_a_repeat_is_recognised_by_it,
                what_is_known_of_an_identity_stays,
                deliveries_that_arrived_long_ago_are_removed,
                changes_from_long_ago_are_removed,
                profiles_that_nothing_was_added_to_are_removed,
                a_list_goes_on_after_what_was_removed,
                requests_can_go_before_their_submissions,
                imports_go_with_their_rows,
                so_many_are_removed_at_once,
            ];
            imports: [
                a_file_is_imported_once_until_that_is_undone,
                rows_are_kept_once,
                rows_of_no_import_are_not_kept,
                rows_tell_what_they_came_to,
                a_row_tells_whom_it_made_unseen,
                a_paused_import_waits,
                a_leased_row_is_set_aside_after_its_turn,
                undoing_keeps_one_removal_for_a_row,
                undoing_tells_of_whom_it_cannot_be_certain,
                undoing_lets_what_may_be_written_already_end,
                undoing_lets_what_was_in_a_dead_hand_end,
                undoing_a_pause_lets_what_was_in_a_dead_hand_end,
            ];
            views: [
                jobs_are_listed_youngest_first,
                submissions_are_listed_in_order_of_arrival,
                submissions_are_listed_page_by_page,
                jobs_are_filtered_and_limited,
                a_job_in_a_list_shows_where_it_stands,
                an_empty_store_counts_nothing,
                there_is_room_and_looking_for_it_changes_nothing,
                what_waits_is_counted,
                the_next_moment_is_the_earliest_due_or_lease_end,
                who_waits_behind_another_is_not_waited_for,
            ];
        }
    };
    (@cases $open:expr; $($subject:ident: [$($case:ident),* $(,)?];)*) => {
        $(mod $subject {
            use super::*;

            $(#[tokio::test]
            async fn $case() {
                let opened = $open;
                $crate::conformance::$subject::$case(&*opened).await;
            })*
        })*
    };
}
