//! Operations on forms and jobs, the searches over several kinds of records, and suggestions while typing.

use freshsales::contacts::Contact;
use freshsales::fields::{self, FieldAttributes};
use freshsales::lookup::{self, Entity};
use freshsales::{jobs, search, suggestions};

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
    operation!("list_all_forms", fields::forms::<Contact>, |scene| ()),
    operation!("suggest_tags", suggestions::tags::<Contact>, |scene| ("vip")),
    operation!("suggest_lists", suggestions::lists, |scene| ("Ju")),
    operation!("suggest_contacts", suggestions::contacts, |scene| ("Ada", None)),
    operation!("suggest_sales_accounts", suggestions::sales_accounts, |scene| ("Ac")),
];
