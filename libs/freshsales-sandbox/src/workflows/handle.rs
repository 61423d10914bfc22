//! Workflows through the handle on the account.

use super::fault::WebhookFault;
use super::log::DeliverySeen;
use super::rule::Workflow;
use super::state::queue_test;
use crate::Account;

impl Account {
    /// The workflows and their ids, oldest first.
    #[must_use]
    pub fn workflows(&self) -> Vec<(u64, Workflow)> {
        self.lock().workflows.rules().map(|(id, rule)| (id, rule.clone())).collect()
    }

    /// Adds a workflow; returns its id.
    ///
    /// # Errors
    /// Where [`Workflow::check`] finds something wrong.
    pub fn add_workflow(&self, workflow: Workflow) -> Result<u64, String> {
        workflow.check()?;
        Ok(self.steer().workflows.add(workflow))
    }

    /// Replaces a workflow; what it still has to send goes out by the new rule. False where there is none of that id.
    ///
    /// # Errors
    /// Where [`Workflow::check`] finds something wrong.
    pub fn set_workflow(&self, id: u64, workflow: Workflow) -> Result<bool, String> {
        workflow.check()?;
        Ok(self.steer().workflows.replace(id, workflow))
    }

    /// Removes a workflow and what it still had to send; false where there is none of that id.
    pub fn remove_workflow(&self, id: u64) -> bool {
        self.steer().workflows.remove(id)
    }

    /// Sends a workflow's webhook for a record, or for the newest of its kind, whatever its conditions say. Returns the
    /// number of the delivery.
    ///
    /// # Errors
    /// Where there is no such workflow or record.
    pub fn test_workflow(&self, id: u64, record: Option<i64>) -> Result<u64, String> {
        queue_test(&mut self.steer(), id, record)
    }

    /// Attempts to deliver, oldest first, as far back as the account remembers them.
    #[must_use]
    pub fn deliveries(&self) -> Vec<DeliverySeen> {
        self.lock().workflows.log.all().cloned().collect()
    }

    /// Forgets the attempts seen so far.
    pub fn clear_deliveries(&self) {
        self.steer().workflows.clear_log();
    }

    /// Replaces the faults of deliveries. The first in the list that hits a delivery acts.
    pub fn set_webhook_faults(&self, faults: Vec<WebhookFault>) {
        self.steer().workflows.set_faults(faults);
    }

    /// The faults of deliveries that are switched on, with what is left of their counts.
    #[must_use]
    pub fn webhook_faults(&self) -> Vec<WebhookFault> {
        self.lock().workflows.faults().to_vec()
    }

    /// Resolves when every webhook that is due on the account's clock has been sent and answered. It needs the running
    /// [`crate::Sandbox`], whose task sends.
    pub async fn webhooks_settled(&self) {
        loop {
            let settled = self.signals().settled.notified();
            let mut settled = std::pin::pin!(settled);
            // Registered before the look at the queue, so that the end of the last delivery is not missed.
            settled.as_mut().enable();
            if self.lock().workflows.is_settled() {
                return;
            }
            settled.await;
        }
    }
}
