//! Operations on custom modules and their records.

use freshsales::custom_modules::{self, CustomModuleAttributes, ModuleRecordAttributes};
use freshsales::filtered_search::field;

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_custom_modules", custom_modules::create, |scene| (CustomModuleAttributes::new()
        .entity_name("cm_site")
        .singular_name("Site")
        .plural_name("Sites")
        .icon("i"))),
    operation!("get_list_of_custom_modules", custom_modules::view, |scene| (scene.of_suite.module_id)),
    operation!("list_all_custom_modules", custom_modules::all, |scene| ()),
    operation!("update_custom_module", custom_modules::update, |scene| (
        scene.of_suite.module_id,
        CustomModuleAttributes::new().description("What we build")
    )),
    operation!("delete_custom_module", custom_modules::delete, |scene| (scene.of_suite.module_id)),
    operation!("create_record_in_custom_module", custom_modules::Module::create, |scene| (
        &scene.of_suite.module,
        &ModuleRecordAttributes::new().name("B")
    )),
    operation!("get_list_of_all_records_in_custom_module", custom_modules::Module::view, |scene| (
        &scene.of_suite.module,
        scene.of_suite.record
    )),
    operation!("update_record_in_custom_module", custom_modules::Module::update, |scene| (
        &scene.of_suite.module,
        scene.of_suite.record,
        &ModuleRecordAttributes::new().name("B")
    )),
    operation!("clone_record_in_custom_module", custom_modules::Module::clone_record, |scene| (
        &scene.of_suite.module,
        scene.of_suite.record,
        &ModuleRecordAttributes::new().name("B")
    )),
    operation!("delete_record_in_custom_module", custom_modules::Module::delete, |scene| (
        &scene.of_suite.module,
        scene.of_suite.record
    )),
    operation!("forget_record_in_custom_module", custom_modules::Module::forget, |scene| (
        &scene.of_suite.module,
        scene.of_suite.record
    )),
    operation!("bulk_delete_records_in_custom_module", custom_modules::Module::bulk_destroy, |scene| (
        &scene.of_suite.module,
        [scene.of_suite.record]
    )),
    operation!("search_records_in_custom_module_by_rules", custom_modules::Module::search, |scene| (
        &scene.of_suite.module,
        vec![field("name").is("A")]
    )),
];
