//! Operations on marketing lists, products and CPQ documents.

use freshsales::cpq_documents::{self, CpqDocumentAttributes};
use freshsales::lists;
use freshsales::product_lines::LineAttributes;
use freshsales::products::{self, ProductAttributes};
use freshsales_sandbox::Kind;
use rust_decimal::Decimal;

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_list", lists::create, |scene| ("July")),
    operation!("fetch_all_lists", lists::all, |scene| ()),
    operation!("update_a_list", lists::rename, |scene| (scene.of_suite.list, "July")),
    operation!("add_to_list", lists::add_contacts, |scene| (scene.of_suite.other_list, [scene.ids.contact])),
    operation!("remove_contact_from_list", lists::remove_contacts, |scene| (scene.of_suite.list, [scene.ids.contact])),
    operation!("move_contact_from_list", lists::move_contacts, |scene| (
        scene.of_suite.list,
        scene.of_suite.other_list,
        [scene.ids.contact]
    )),
    operation!("create_product", products::create, |scene| (ProductAttributes::new()
        .name("Desk")
        .price("USD", Decimal::TEN))),
    operation!("view_a_product", products::view, |scene| (scene.ids.product)),
    operation!("update_a_product", products::update, |scene| (
        scene.ids.product,
        ProductAttributes::new().category("Software")
    )),
    operation!("add_prices_to_the_product", products::update, |scene| (
        scene.ids.product,
        ProductAttributes::new().price("EUR", Decimal::TEN)
    )),
    operation!("delete_a_product", products::delete, |scene| (scene.ids.product)),
    operation!("restore_a_product", products::restore, |scene| (scene.deleted(Kind::Product, scene.ids.product))),
    operation!("bulk_assign_product_owner", products::bulk_assign_owner, |scene| ([scene.ids.product], scene.ids.user)),
    operation!("bulk_delete_products", products::bulk_destroy, |scene| ([scene.ids.product])),
    operation!("bulk_restore_products", products::bulk_restore, |scene| ([
        scene.deleted(Kind::Product, scene.ids.product)
    ])),
    operation!("bulk_update_products", products::bulk_update, |scene| (
        [scene.ids.product],
        &ProductAttributes::new().category("Software")
    )),
    operation!("create_document", cpq_documents::create, |scene| (CpqDocumentAttributes::new()
        .deal_id(scene.ids.deal)
        .document_type("Quote"))),
    operation!("view_a_document", cpq_documents::view, |scene| (scene.ids.document)),
    operation!("update_a_document", cpq_documents::update, |scene| (
        scene.ids.document,
        CpqDocumentAttributes::new().stage("Sent")
    )),
    operation!("add_products_to_the_document", cpq_documents::update, |scene| (
        scene.ids.document,
        CpqDocumentAttributes::new().products([LineAttributes::of(scene.ids.product).quantity(2)])
    )),
    operation!("related_products", cpq_documents::related_products, |scene| (scene.ids.document)),
    operation!("delete_a_document", cpq_documents::delete, |scene| (scene.ids.document)),
    operation!("restore_a_document", cpq_documents::restore, |scene| (scene
        .deleted(Kind::CpqDocument, scene.ids.document))),
    operation!("forget_a_document", cpq_documents::forget, |scene| (scene.ids.document)),
    operation!("bulk_assign_document_owner", cpq_documents::bulk_assign_owner, |scene| (
        [scene.ids.document],
        scene.ids.user
    )),
    operation!("bulk_delete_documents", cpq_documents::bulk_destroy, |scene| ([scene.ids.document])),
    operation!("bulk_restore_documents", cpq_documents::bulk_restore, |scene| ([
        scene.deleted(Kind::CpqDocument, scene.ids.document)
    ])),
    operation!("bulk_update_documents", cpq_documents::bulk_update, |scene| (
        [scene.ids.document],
        &CpqDocumentAttributes::new().stage("Sent")
    )),
];
