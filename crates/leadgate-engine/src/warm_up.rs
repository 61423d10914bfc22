//! Warming up: what every account is asked for sooner or later is read when the gateway starts, so that the first lead need not wait for it and
//! `leadgate stages` has something to show.

use leadgate_core::catalog::{BELIEVED_FOR, Section};
use leadgate_core::crm::CrmCall;
use leadgate_core::lane::Lane;
use leadgate_store::StoreError;

use crate::engine::Engine;

impl Engine {
    /// Reads the account's kind and its deal stages, unless they were read lately. A failure is no trouble: the step that needs them asks again.
    pub async fn warm_up(&self) {
        for section in [Section::Account, Section::Stages] {
            if let Err(error) = self.read_if_old(section).await {
                tracing::warn!(error = %error, "the {} of the account could not be kept", section.name());
            }
        }
    }

    async fn read_if_old(&self, section: Section) -> Result<(), StoreError> {
        let now = self.now();
        if !self.shared.settings.is_alone() {
            // Another instance may have read it a moment ago.
            self.shared.catalog.reread(&*self.shared.store).await?;
        }
        let since = now.saturating_sub(BELIEVED_FOR).unwrap_or(now);
        if self.shared.catalog.current().is_fresh(section, since) {
            return Ok(());
        }
        let Ok(permit) = self.take_permit(Lane::Interactive, now).await? else { return Ok(()) };
        let call = CrmCall::ReadCatalog(section);
        let answer = self.ask(permit, call.clone()).await;
        let now = self.now();
        if let Err(failure) = &answer.result {
            tracing::warn!(
                crm.class = failure.class(),
                "the {} of the account could not be read yet: {failure}",
                section.name()
            );
        }
        self.shared.catalog.take_in(&*self.shared.store, &call, answer.result, now).await.map(drop)
    }
}
