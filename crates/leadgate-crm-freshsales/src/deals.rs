//! Deals.

use freshsales::deals::{Deal, DealAttributes};
use freshsales::{contacts, deals};
use leadgate_core::crm::{CrmFailure, CrmReply, DealSeen, DealStanding, NewDeal};
use leadgate_core::record::{Fields, RecordKind, RecordRef};

use crate::Account;
use crate::fields::{attributes, snapshot};

impl Account<'_, '_> {
    pub(crate) async fn list_deals(mut self, person: RecordRef) -> Result<CrmReply, CrmFailure> {
        let single = self.send(contacts::view(person.id).include(["deals"])).await?;
        let seen = |deal: Deal| DealSeen {
            id: deal.id,
            name: deal.name.clone().unwrap_or_default(),
            created_at: deal.created_at.as_ref().map(|at| at.timestamp()),
            standing: standing(&deal),
        };
        Ok(CrmReply::Deals(single.side_loads.rows::<Deal>("deals").into_iter().map(seen).collect()))
    }

    pub(crate) async fn create_deal(mut self, deal: &NewDeal) -> Result<CrmReply, CrmFailure> {
        // The CRM requires an amount.
        let amount = deal.amount.clone().unwrap_or_else(|| "0".to_owned());
        let mut written = DealAttributes::new().name(&deal.name).field("amount", amount).add_contacts([deal.person.id]);
        let ids =
            [("sales_account_id", deal.company), ("deal_stage_id", deal.stage), ("deal_pipeline_id", deal.pipeline)];
        for (name, id) in ids.into_iter().filter_map(|(name, id)| Some((name, id?))) {
            written = written.field(name, id);
        }
        let single = self.send(deals::create(written)).await?;
        Ok(shown(&single.record))
    }

    pub(crate) async fn move_deal(
        mut self,
        deal: i64,
        stage: i64,
        pipeline: Option<i64>,
    ) -> Result<CrmReply, CrmFailure> {
        let mut written = DealAttributes::new().deal_stage_id(stage);
        if let Some(pipeline) = pipeline {
            written = written.deal_pipeline_id(pipeline);
        }
        let single = self.send(deals::update(deal, written)).await?;
        Ok(shown(&single.record))
    }
}

impl Account<'_, '_> {
    pub(crate) async fn read_deal(mut self, deal: i64) -> Result<CrmReply, CrmFailure> {
        let single = self.send(deals::view(deal)).await?;
        Ok(CrmReply::Record(snapshot(RecordKind::Deal, single.record.id, &single.record.to_value())))
    }

    pub(crate) async fn update_deal(mut self, deal: i64, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let written = DealAttributes::from(attributes(RecordKind::Deal, fields));
        let single = self.send(deals::update(deal, written)).await?;
        Ok(CrmReply::Record(snapshot(RecordKind::Deal, single.record.id, &single.record.to_value())))
    }
}

fn standing(deal: &Deal) -> DealStanding {
    DealStanding {
        stage: deal.deal_stage_id,
        pipeline: deal.deal_pipeline_id,
        created_at: deal.created_at.as_ref().map(|at| at.timestamp()),
        stage_since: deal.stage_updated_time.as_ref().map(|at| at.timestamp()),
    }
}

fn shown(deal: &Deal) -> CrmReply {
    CrmReply::Deal { id: deal.id, shown: deal.to_value() }
}
