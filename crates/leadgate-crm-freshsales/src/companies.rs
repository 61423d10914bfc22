//! Companies: sales accounts, whose names the CRM keeps unique.

use freshsales::lookup::Entity;
use freshsales::sales_accounts::{SalesAccount, SalesAccountAttributes};
use freshsales::{contacts::UniqueKey, filtered_search, lookup, sales_accounts};
use leadgate_core::crm::{CompanyKey, CrmFailure, CrmReply};
use leadgate_core::record::{Fields, RecordKind, RecordRef, Snapshot};

use crate::Account;
use crate::fields::{attributes, snapshot};

/// Companies that one search shows, the most that a page holds.
const MOST_FOUND: u32 = 100;

impl Account<'_, '_> {
    fn company(&self, account: &SalesAccount) -> Snapshot {
        snapshot(RecordKind::Company, account.id, &account.to_value())
    }

    pub(crate) async fn find_company(mut self, name: &str) -> Result<CrmReply, CrmFailure> {
        let found = self.send(lookup::by("name", name, [Entity::SalesAccount])).await?;
        let same = |account: &&SalesAccount| {
            account.name.as_deref().is_some_and(|held| held.trim().to_lowercase() == name.trim().to_lowercase())
        };
        Ok(CrmReply::Found(found.sales_accounts.iter().filter(same).map(|account| self.company(account)).collect()))
    }

    pub(crate) async fn find_companies(mut self, key: &CompanyKey) -> Result<CrmReply, CrmFailure> {
        let rule = match key {
            CompanyKey::Website(domain) => filtered_search::field("website").contains(domain.as_str()),
            CompanyKey::NamePart(part) => filtered_search::field("name").contains(part.as_str()),
        };
        let search = filtered_search::by_rules::<SalesAccount>(vec![rule]).page(1, MOST_FOUND).full_rows();
        let found = self.send(search).await?;
        Ok(CrmReply::Found(found.records.iter().map(|account| self.company(account)).collect()))
    }

    pub(crate) async fn upsert_company(mut self, name: &str, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let written = SalesAccountAttributes::from(attributes(RecordKind::Company, fields)).field("name", name);
        let single = self.send(sales_accounts::upsert(UniqueKey::name(name), written)).await?;
        Ok(CrmReply::Record(self.company(&single.record)))
    }

    pub(crate) async fn update_company(mut self, record: RecordRef, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let written = SalesAccountAttributes::from(attributes(RecordKind::Company, fields));
        let single = self.send(sales_accounts::update(record.id, written)).await?;
        Ok(CrmReply::Record(self.company(&single.record)))
    }

    pub(crate) async fn read_company(mut self, company: i64) -> Result<CrmReply, CrmFailure> {
        let single = self.send(sales_accounts::view(company)).await?;
        Ok(CrmReply::Record(self.company(&single.record)))
    }
}
