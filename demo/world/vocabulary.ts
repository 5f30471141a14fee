/** Words from which the generator makes a CRM's data. All people and companies are invented. */

const words = (text: string): readonly string[] => text.split(',').map((word) => word.trim());

export const FIRST_NAMES = words(
  'Anna,Liam,Mia,Noah,Zoë,Oliver,Chloé,Lucas,Łucja,Mateo,Amélie,Ethan,Freja,Hugo,Inês,Jakub,Kaito,Leila,Marek,Nadia,Omar,Priya,Quentin,Rosa,Søren,Tariq,Uma,Viktor,Wanda,Xavier,Yara,Žofia,Björn,Élodie,Giulia,Håkon,Mei,Tomás,陽葵,Олена',
);
export const LAST_NAMES = words(
  "Andersson,Baker,Castillo,Dvořák,Eriksen,Fischer,García,Hughes,Ivanova,Jansen,Kowalska,Lindqvist,Müller,Nguyen,O'Brien,Petrov,Quinn,Rossi,Sørensen,Tamm,Ueda,Varga,Weiss,Xu,Yılmaz,Zieliński,Bianchi,Chen,Dubois,Fernández,Horváth,Kaur,Meyer,Novak,Okafor,Silva",
);
export const COMPANY_WORDS = words(
  'Alder,Beacon,Cobalt,Delta,Ember,Fjord,Granite,Harbour,Indigo,Juniper,Keystone,Lumen,Meridian,Nimbus,Orchard,Pioneer,Quartz,Ridge,Summit,Tundra,Umbra,Vertex,Willow,Xenon,Yonder,Zephyr,Northgate,Silverline,Bluewater,Redwood',
);
export const COMPANY_KINDS = words(
  'Logistics,Foods,Robotics,Textiles,Energy,Health,Media,Software,Optics,Marine,Tools,Glass,Partners,Foundry,Labs,Travel',
);
export const COMPANY_FORMS = words('GmbH,Ltd,Inc.,S.A.,AB,Oy,OÜ,s.r.o.,B.V.,& Sons');
export const INDUSTRIES = words(
  'manufacturing,logistics,retail,healthcare,software,education,energy,construction,hospitality,finance',
);
export const CITIES = words(
  'Berlin,Tallinn,Lisbon,New York,Riga,Prague,Dublin,Toronto,Chicago,Kraków,Gothenburg,Zürich,São Paulo,Osaka,Austin,Málaga',
);
export const STREETS = words(
  'Harbour Street,Mill Lane,Bahnhofstraße,Rue du Marché,Long Road,Pärnu mnt,Oak Avenue',
);
export const COUNTRIES = words('DE,EE,PT,US,LV,CZ,IE,CA,PL,SE,CH,BR,JP,ES');
export const JOB_TITLES = words(
  'Head of Sales,Buyer,Chief Financial Officer,Office Manager,Operations Lead,Founder,IT Director,Procurement Specialist,Marketing Manager,Assistant',
);
export const TAGS = words(
  'key account,partner,newsletter,churn risk,trade fair,referral,pilot,renewal,vip,inbound',
);
export const CURRENCIES = words('EUR,USD,GBP,SEK,CHF,JPY,PLN');
export const DEAL_WORDS = words(
  'Licences,Renewal,Pilot,Rollout,Support contract,Upgrade,Onboarding,Extension,Consulting days,Framework agreement',
);
export const LOST_REASONS = words('price,no budget,competitor,no answer,project stopped');
export const PRODUCTS = words(
  'Starter seat,Team seat,Enterprise seat,Onboarding package,Training day,Priority support,Data import,API add-on,Storage pack,Phone line',
);
export const ACTIVITY_KINDS = words('call,meeting,task,deadline,email,lunch');
export const FIELD_NAMES = words(
  'contract_number,region,billing_contact,renewal_month,segment,partner_level,cost_centre,nps',
);

/** Folders of documents; some with what file systems and JSON treat badly. */
export const FILE_NAMES = words(
  'Contracts,Offers,Verträge,Minutes "final",契約書,invoices & notes,C:\\\\scans',
);

/** Sentences of mails and notes; some with what makes escaping and encodings go wrong. */
export const SENTENCES: readonly string[] = [
  'Thank you for the call this morning, it helped us to see where we stand.',
  'Could you send the revised offer before Thursday?',
  'The team agreed on the scope, but the budget still needs a signature.',
  'We would like to start with twelve seats and grow from there.',
  'Please find the minutes of our meeting below.',
  'The delivery to Gothenburg was late again; the customer asks for a credit note.',
  'I have added Priya to the thread, she looks after procurement.',
  'Is the price per seat or per active user?',
  'Our legal department has two questions about clause 7.3.',
  'Let us meet at the trade fair, hall 4, stand B\\12.',
  'They compare us with two others and decide at the end of the quarter.',
  'The pilot went well: 94% of the users logged in during the first week.',
  'Reminder:\tthe contract ends on the last day of the month.',
  'He prefers to be called in the afternoon, after three.',
  'Grüße aus Zürich — wir freuen uns auf die Zusammenarbeit.',
  'Merci beaucoup, à très bientôt !',
  'The invoice was paid twice, so we owe them a refund.',
  'Next step: demo for the warehouse team, then a decision.',
  'She said "maybe", which in this company means "yes, later".',
  'We need the data in the EU; otherwise the works council will not agree.',
  'ご確認をお願いいたします。',
  'The integration with their ERP takes two weeks of work on our side.',
  'No answer since the holidays, try once more and then close the deal.',
  'Contract signed 🎉 onboarding starts on Monday.',
];
