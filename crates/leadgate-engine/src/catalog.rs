//! Keeps the account's names: what a call read is put here and into the store, and every step looks here first.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section, SectionContent, SectionRead};
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_store::{Store, StoreError};

/// The catalog, shared by all passes.
pub(crate) struct CatalogKeeper {
    catalog: RwLock<Arc<Catalog>>,
}

impl CatalogKeeper {
    pub(crate) fn new(catalog: Catalog) -> CatalogKeeper {
        CatalogKeeper { catalog: RwLock::new(Arc::new(catalog)) }
    }

    /// The catalog as it is now.
    pub(crate) fn current(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what other instances put into the store. Returns whether that is anything new.
    pub(crate) async fn reread(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let stored = store.catalog().await?;
        let mut guard = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if stored == **guard {
            return Ok(false);
        }
        *guard = Arc::new(stored);
        Ok(true)
    }

    /// Takes in what a call read. A section of names that the key may not read is kept as unreadable, so that it is not asked for again and
    /// again; the answer then counts as one.
    pub(crate) async fn take_in(
        &self,
        store: &dyn Store,
        call: &CrmCall,
        result: Result<CrmReply, CrmFailure>,
        now: Timestamp,
    ) -> Result<Result<CrmReply, CrmFailure>, StoreError> {
        let CrmCall::ReadCatalog(section) = call else { return Ok(result) };
        let content = match (&result, section) {
            (Ok(CrmReply::Catalog(content)), _) => content.clone(),
            (Err(_), Section::Account) | (Ok(_), _) => return Ok(result),
            (Err(CrmFailure::Forbidden(_) | CrmFailure::NotFound), _) => SectionContent::Unreadable,
            (Err(_), _) => return Ok(result),
        };
        self.put(store, *section, SectionRead { content: content.clone(), read_at: now }).await?;
        Ok(Ok(CrmReply::Catalog(content)))
    }

    async fn put(&self, store: &dyn Store, section: Section, read: SectionRead) -> Result<(), StoreError> {
        store.put_section(section, read.clone()).await?;
        let mut guard = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = Catalog::clone(&guard);
        catalog.put(section, read);
        *guard = Arc::new(catalog);
        Ok(())
    }
}
