BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
	funding VARCHAR(1), 
	CONSTRAINT pk_asset PRIMARY KEY (id), 
	CONSTRAINT fk_asset_room_id FOREIGN KEY(room_id) REFERENCES room (id), 
	CONSTRAINT fk_asset_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_asset_school_id_asset_no UNIQUE (school_id, asset_no)
);
INSERT INTO "asset" VALUES(1,'2133100001','A-1','大屏','display',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.0,1200050,NULL,NULL,NULL,'1',1,NULL,NULL,NULL,NULL,NULL,NULL);
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
CREATE TABLE building (
	id INTEGER NOT NULL, 
	school_id VARCHAR(10) NOT NULL, 
	name VARCHAR NOT NULL, 
	CONSTRAINT pk_building PRIMARY KEY (id), 
	CONSTRAINT fk_building_school_id FOREIGN KEY(school_id) REFERENCES school (id), 
	CONSTRAINT uq_building_school_id_name UNIQUE (school_id, name)
);
INSERT INTO "building" VALUES(1,'2133100001','A楼');
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
INSERT INTO "room" VALUES(1,'2133100001',1,NULL,'101',NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "school" VALUES('2133100001','台州市实验小学','331002','211',NULL,NULL,NULL,NULL,'Asia/Shanghai');
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
CREATE UNIQUE INDEX uq_holiday_day_all ON holiday (day) WHERE school_id IS NULL;
CREATE INDEX ix_asset_room_id ON asset (room_id);
CREATE INDEX ix_lesson_room_id ON lesson (room_id);
CREATE INDEX ix_binding_asset_id ON binding (asset_id);
CREATE INDEX ix_binding_school_id_device ON binding (school_id, device);
COMMIT;
