BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE assessment (
	id VARCHAR(16) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	round VARCHAR NOT NULL, 
	edition VARCHAR NOT NULL, 
	standard_yaml TEXT NOT NULL, 
	starts DATE NOT NULL, 
	ends DATE NOT NULL, 
	schools INTEGER NOT NULL, 
	inputs VARCHAR(64) NOT NULL, 
	scores VARCHAR(64) NOT NULL, 
	evidence BLOB NOT NULL, 
	integrity BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_assessment PRIMARY KEY (id), 
	CONSTRAINT uq_assessment_digest UNIQUE (digest)
);
CREATE TABLE asset (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	asset_no VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	category VARCHAR, 
	classification_code VARCHAR, 
	classification_list VARCHAR, 
	model VARCHAR, 
	brand VARCHAR, 
	serial_no VARCHAR, 
	tag VARCHAR, 
	device_no VARCHAR, 
	unit VARCHAR, 
	quantity DOUBLE DEFAULT '1' NOT NULL, 
	original_value_fen INTEGER, 
	acquisition VARCHAR, 
	acquired DATE, 
	booked DATE, 
	condition VARCHAR(1) DEFAULT '1' NOT NULL, 
	room_id INTEGER, 
	department VARCHAR, 
	custodian VARCHAR, 
	supplier VARCHAR, 
	warranty_until DATE, 
	life_years INTEGER, 
	funding VARCHAR(1), assessed DATE, 
	CONSTRAINT pk_asset PRIMARY KEY (id), 
	CONSTRAINT fk_asset_room_id FOREIGN KEY(room_id) REFERENCES room (id), 
	CONSTRAINT fk_asset_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_asset_school_id_asset_no UNIQUE (school_id, asset_no)
);
INSERT INTO "asset" VALUES(1,'2133100001','A-1','大屏','display',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.0,1200050,NULL,NULL,NULL,'1',1,NULL,NULL,NULL,NULL,NULL,NULL,'2026-09-10');
CREATE TABLE binding (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	asset_id INTEGER NOT NULL, 
	device VARCHAR NOT NULL, 
	valid_from DATE, 
	valid_to DATE, 
	origin VARCHAR DEFAULT 'ledger' NOT NULL, 
	CONSTRAINT pk_binding PRIMARY KEY (id), 
	CONSTRAINT ck_binding_origin CHECK (origin in ('ledger', 'bindings')), 
	CONSTRAINT fk_binding_asset_id FOREIGN KEY(asset_id) REFERENCES asset (id) ON DELETE CASCADE, 
	CONSTRAINT fk_binding_school_id FOREIGN KEY(school_id) REFERENCES school (id)
);
INSERT INTO "binding" VALUES(1,'2133100001',1,'A-1',NULL,NULL,'ledger');
CREATE TABLE building (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	name VARCHAR NOT NULL, 
	CONSTRAINT pk_building PRIMARY KEY (id), 
	CONSTRAINT fk_building_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_building_school_id_name UNIQUE (school_id, name)
);
INSERT INTO "building" VALUES(1,'2133100001','A楼');
CREATE TABLE chemical (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	batch_no VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	book_quantity DOUBLE NOT NULL, 
	counted_quantity DOUBLE, 
	unit VARCHAR, 
	counted_on DATE, 
	CONSTRAINT pk_chemical PRIMARY KEY (id), 
	CONSTRAINT fk_chemical_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_chemical_school_id_batch_no UNIQUE (school_id, batch_no)
);
INSERT INTO "chemical" VALUES(1,'2133100001','P-1','浓硫酸',2.5,2.5,'L','2026-11-02');
CREATE TABLE declaration (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	item VARCHAR NOT NULL, 
	value DOUBLE NOT NULL, 
	declared_on DATE NOT NULL, 
	declared_by VARCHAR, 
	note VARCHAR, 
	confirmed_on DATE, 
	confirmed_by VARCHAR, 
	CONSTRAINT pk_declaration PRIMARY KEY (id), 
	CONSTRAINT fk_declaration_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_declaration_school_id_item_declared_on UNIQUE (school_id, item, declared_on)
);
INSERT INTO "declaration" VALUES(1,'2133100001','library_books',20250.0,'2026-10-01','王老师',NULL,'2026-10-20','区复核组');
CREATE TABLE disposal (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	asset_no VARCHAR NOT NULL, 
	disposed_on DATE NOT NULL, 
	method VARCHAR, 
	approval_no VARCHAR, 
	record_no VARCHAR, 
	CONSTRAINT pk_disposal PRIMARY KEY (id), 
	CONSTRAINT fk_disposal_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_disposal_school_id_asset_no_disposed_on UNIQUE (school_id, asset_no, disposed_on)
);
INSERT INTO "disposal" VALUES(1,'2133100001','B-7','2026-05-20','报废','椒教资〔2026〕3号','BA2026');
CREATE TABLE holiday (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10), 
	day DATE NOT NULL, 
	name VARCHAR, 
	follows INTEGER, 
	CONSTRAINT pk_holiday PRIMARY KEY (id), 
	CONSTRAINT ck_holiday_follows CHECK (follows is null or follows between 1 and 7), 
	CONSTRAINT fk_holiday_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_holiday_school_id_day UNIQUE (school_id, day)
);
CREATE TABLE lesson (
	id INTEGER NOT NULL, 
	term_id INTEGER NOT NULL, 
	weekday INTEGER NOT NULL, 
	period INTEGER NOT NULL, 
	room_id INTEGER NOT NULL, 
	class_name VARCHAR, 
	subject VARCHAR, 
	CONSTRAINT pk_lesson PRIMARY KEY (id), 
	CONSTRAINT ck_lesson_weekday CHECK (weekday between 1 and 7), 
	CONSTRAINT fk_lesson_room_id FOREIGN KEY(room_id) REFERENCES room (id), 
	CONSTRAINT fk_lesson_term_id FOREIGN KEY(term_id) REFERENCES term (id) ON DELETE CASCADE, 
	CONSTRAINT uq_lesson_term_id_weekday_period_room_id UNIQUE (term_id, weekday, period, room_id)
);
CREATE TABLE period (
	id INTEGER NOT NULL, 
	term_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	starts TIME NOT NULL, 
	ends TIME NOT NULL, 
	CONSTRAINT pk_period PRIMARY KEY (id), 
	CONSTRAINT fk_period_term_id FOREIGN KEY(term_id) REFERENCES term (id) ON DELETE CASCADE, 
	CONSTRAINT uq_period_term_id_number UNIQUE (term_id, number)
);
CREATE TABLE procedure_step (
	id INTEGER NOT NULL, 
	round VARCHAR NOT NULL, 
	assessment_id VARCHAR(16) NOT NULL, 
	selection_id VARCHAR(16), 
	school_id VARCHAR(10), 
	step VARCHAR NOT NULL, 
	"by" VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	change TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	answers_id INTEGER, 
	digest VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_procedure_step PRIMARY KEY (id), 
	CONSTRAINT fk_procedure_step_answers_id FOREIGN KEY(answers_id) REFERENCES procedure_step (id), 
	CONSTRAINT fk_procedure_step_assessment_id FOREIGN KEY(assessment_id) REFERENCES assessment (id), 
	CONSTRAINT fk_procedure_step_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT fk_procedure_step_selection_id FOREIGN KEY(selection_id) REFERENCES selection (id), 
	CONSTRAINT uq_procedure_step_digest UNIQUE (digest)
);
CREATE TABLE room (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	building_id INTEGER, 
	floor INTEGER, 
	number VARCHAR NOT NULL, 
	name VARCHAR, 
	use VARCHAR(3), 
	area_m2 DOUBLE, 
	seats INTEGER, 
	home_class VARCHAR, 
	CONSTRAINT pk_room PRIMARY KEY (id), 
	CONSTRAINT fk_room_building_id FOREIGN KEY(building_id) REFERENCES building (id), 
	CONSTRAINT fk_room_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_room_school_id_number UNIQUE (school_id, number)
);
INSERT INTO "room" VALUES(1,'2133100001',1,NULL,'101',NULL,'111',NULL,NULL,NULL);
CREATE TABLE school (
	id VARCHAR(10) NOT NULL, 
	name VARCHAR NOT NULL, 
	division VARCHAR(6) NOT NULL, 
	school_type VARCHAR(3) NOT NULL, 
	urban_rural VARCHAR(3), 
	classes INTEGER, 
	pupils INTEGER, 
	teachers INTEGER, 
	time_zone VARCHAR DEFAULT 'Asia/Shanghai' NOT NULL, 
	CONSTRAINT pk_school PRIMARY KEY (id)
);
INSERT INTO "school" VALUES('2133100001','台州市实验小学','331002','211',NULL,18,810,NULL,'Asia/Shanghai');
CREATE TABLE selection (
	id VARCHAR(16) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	assessment_id VARCHAR(16) NOT NULL, 
	before_id VARCHAR(16), 
	seed INTEGER NOT NULL, 
	rules TEXT NOT NULL, 
	contents BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_selection PRIMARY KEY (id), 
	CONSTRAINT fk_selection_assessment_id FOREIGN KEY(assessment_id) REFERENCES assessment (id), 
	CONSTRAINT fk_selection_before_id FOREIGN KEY(before_id) REFERENCES selection (id), 
	CONSTRAINT uq_selection_digest UNIQUE (digest), 
	CONSTRAINT uq_selection_before_id UNIQUE (before_id)
);
CREATE TABLE stage_size (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	stage VARCHAR(3) NOT NULL, 
	classes INTEGER, 
	pupils INTEGER, 
	CONSTRAINT pk_stage_size PRIMARY KEY (id), 
	CONSTRAINT fk_stage_size_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_stage_size_school_id_stage UNIQUE (school_id, stage)
);
INSERT INTO "stage_size" VALUES(1,'2133100001','PRI',18,810);
CREATE TABLE stocktake (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	asset_no VARCHAR NOT NULL, 
	counted_on DATE NOT NULL, 
	result VARCHAR NOT NULL, 
	counted_by VARCHAR, 
	CONSTRAINT pk_stocktake PRIMARY KEY (id), 
	CONSTRAINT ck_stocktake_result CHECK (result in ('matched', 'missing', 'surplus')), 
	CONSTRAINT fk_stocktake_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_stocktake_school_id_asset_no_counted_on UNIQUE (school_id, asset_no, counted_on)
);
INSERT INTO "stocktake" VALUES(1,'2133100001','A-1','2026-06-30','matched','李老师');
INSERT INTO "stocktake" VALUES(2,'2133100001','X-1','2026-06-30','surplus','李老师');
CREATE TABLE term (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	name VARCHAR NOT NULL, 
	starts DATE NOT NULL, 
	ends DATE NOT NULL, 
	CONSTRAINT pk_term PRIMARY KEY (id), 
	CONSTRAINT fk_term_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_term_school_id_name UNIQUE (school_id, name)
);
CREATE TABLE ticket (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	ticket_no VARCHAR NOT NULL, 
	asset_id INTEGER, 
	origin VARCHAR NOT NULL, 
	reported_at DATETIME NOT NULL, 
	accepted_at DATETIME, 
	closed_at DATETIME, 
	verified_at DATETIME, 
	is_fault BOOLEAN, 
	CONSTRAINT pk_ticket PRIMARY KEY (id), 
	CONSTRAINT ck_ticket_origin CHECK (origin in ('report', 'alert')), 
	CONSTRAINT fk_ticket_asset_id FOREIGN KEY(asset_id) REFERENCES asset (id), 
	CONSTRAINT fk_ticket_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_ticket_school_id_ticket_no UNIQUE (school_id, ticket_no)
);
INSERT INTO "ticket" VALUES(1,'2133100001','T-1',1,'report','2026-10-08 09:00:00.000000','2026-10-08 10:30:00.000000','2026-10-09 15:00:00.000000',NULL,1);
CREATE UNIQUE INDEX uq_holiday_day_all ON holiday (day) WHERE school_id IS NULL;
CREATE INDEX ix_asset_room_id ON asset (room_id);
CREATE INDEX ix_lesson_room_id ON lesson (room_id);
CREATE INDEX ix_binding_asset_id ON binding (asset_id);
CREATE INDEX ix_binding_school_id_device ON binding (school_id, device);
CREATE INDEX ix_ticket_asset_id ON ticket (asset_id);
CREATE INDEX ix_assessment_round ON assessment (round);
CREATE INDEX ix_selection_assessment_id ON selection (assessment_id);
CREATE INDEX ix_procedure_step_round ON procedure_step (round);
CREATE INDEX ix_procedure_step_school_id ON procedure_step (school_id);
CREATE INDEX ix_procedure_step_selection_id ON procedure_step (selection_id);
CREATE TRIGGER assessment_no_update BEFORE UPDATE ON assessment BEGIN SELECT RAISE(ABORT, 'assessment: rows are only ever added'); END;
CREATE TRIGGER assessment_no_delete BEFORE DELETE ON assessment BEGIN SELECT RAISE(ABORT, 'assessment: rows are only ever added'); END;
CREATE TRIGGER assessment_no_replace BEFORE INSERT ON assessment WHEN EXISTS (SELECT 1 FROM assessment WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'assessment: rows are only ever added'); END;
CREATE TRIGGER selection_no_update BEFORE UPDATE ON selection BEGIN SELECT RAISE(ABORT, 'selection: rows are only ever added'); END;
CREATE TRIGGER selection_no_delete BEFORE DELETE ON selection BEGIN SELECT RAISE(ABORT, 'selection: rows are only ever added'); END;
CREATE TRIGGER selection_no_replace BEFORE INSERT ON selection WHEN EXISTS (SELECT 1 FROM selection WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'selection: rows are only ever added'); END;
CREATE TRIGGER procedure_step_no_update BEFORE UPDATE ON procedure_step BEGIN SELECT RAISE(ABORT, 'procedure_step: rows are only ever added'); END;
CREATE TRIGGER procedure_step_no_delete BEFORE DELETE ON procedure_step BEGIN SELECT RAISE(ABORT, 'procedure_step: rows are only ever added'); END;
CREATE TRIGGER procedure_step_no_replace BEFORE INSERT ON procedure_step WHEN EXISTS (SELECT 1 FROM procedure_step WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'procedure_step: rows are only ever added'); END;
COMMIT;
