//! Operations on forms and jobs, and the searches over several kinds of records.

use freshsales::fields::{self, FieldAttributes};
use freshsales::lookup::{self, Entity};
use freshsales::{jobs, search};

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("list_of_all_fields_in_your_custom_module", fields::forms_of, |scene| ("cm_project")),
    operation!("create_custom_field", fields::create, |scene| (
        "cm_project",
        scene.of_suite.form,
        FieldAttributes::new().label("Budget").field_type(2)
    )),
    operation!("job_status_api", jobs::status, |scene| (scene.of_suite.job.clone())),
    operation!("lookup_search", lookup::by, |scene| ("email", "ada@example.com", [Entity::Contact])),
    operation!("search", search::query, |scene| ("Ada", ["contact"])),
];
