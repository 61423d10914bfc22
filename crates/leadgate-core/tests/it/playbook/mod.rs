//! Rules against events and changes, and the steps they lead to against a failing CRM.

mod rules;
mod steps;
