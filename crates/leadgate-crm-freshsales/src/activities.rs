//! Tasks and sales activities.

use freshsales::sales_activities::{self, SalesActivity, SalesActivityAttributes};
use freshsales::tasks::{self, Task, TaskAttributes};
use jiff::SignedDuration;
use leadgate_core::crm::{CrmFailure, CrmReply, NewActivity, NewTask, NoteSeen};
use leadgate_core::record::RecordRef;

use crate::Account;
use crate::ends::PAGE;

impl Account<'_, '_> {
    /// The ends of the record's tasks, as [`Account::ends_of`] reads them.
    pub(crate) async fn list_tasks(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        let target = self.target(record.kind);
        let tasks = self.ends_of(|page| tasks::of_record(target, record.id).page(page, PAGE)).await?;
        Ok(CrmReply::Notes(tasks.iter().map(task_seen).collect()))
    }

    pub(crate) async fn add_task(mut self, task: &NewTask) -> Result<CrmReply, CrmFailure> {
        let mut written = TaskAttributes::new()
            .title(&task.title)
            .due_date(task.due.into())
            .target(self.target(task.record.kind), task.record.id);
        if let Some(text) = &task.text {
            written = written.description(text);
        }
        if let Some(owner) = task.owner {
            written = written.owner_id(owner);
        }
        let single = self.send(tasks::create(written)).await?;
        Ok(CrmReply::Note { id: single.record.id })
    }

    /// There is no list of one record's sales activities: the ends of the list of all.
    pub(crate) async fn list_activities(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        let target = self.target(record.kind).as_str();
        let mut rows = self.ends_of(|page| sales_activities::list().page(page, PAGE)).await?;
        rows.retain(|row| row.targetable_id == Some(record.id) && row.targetable_type.as_deref() == Some(target));
        Ok(CrmReply::Notes(rows.iter().map(activity_seen).collect()))
    }

    pub(crate) async fn add_activity(mut self, activity: &NewActivity) -> Result<CrmReply, CrmFailure> {
        let end = activity.at.saturating_add(SignedDuration::from_mins(1)).unwrap_or(activity.at);
        let mut written = SalesActivityAttributes::new()
            .title(&activity.title)
            .sales_activity_type_id(activity.kind)
            .start_date(activity.at.into())
            .end_date(end.into())
            .target(self.target(activity.record.kind), activity.record.id);
        if let Some(text) = &activity.text {
            written = written.notes(text);
        }
        if let Some(owner) = activity.owner {
            written = written.owner_id(owner);
        }
        let single = self.send(sales_activities::create(written)).await?;
        Ok(CrmReply::Note { id: single.record.id })
    }
}

fn task_seen(task: &Task) -> NoteSeen {
    NoteSeen {
        id: task.id,
        text: task.title.clone().unwrap_or_default(),
        created_at: task.created_at.as_ref().map(|at| at.timestamp()),
    }
}

fn activity_seen(activity: &SalesActivity) -> NoteSeen {
    NoteSeen {
        id: activity.id,
        text: activity.title.clone().unwrap_or_default(),
        created_at: activity.created_at.as_ref().map(|at| at.timestamp()),
    }
}
