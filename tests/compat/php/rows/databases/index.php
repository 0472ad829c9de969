<?php
set_include_path(__DIR__ . '/vendor');
require_once 'Doctrine/DBAL/autoload.php';
require_once 'Illuminate/Database/autoload.php';
require_once 'Illuminate/Events/autoload.php';

use Doctrine\DBAL\DriverManager;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Eloquent\Model;

class Pear extends Model
{
    public $timestamps = false;
    protected $guarded = [];
    protected $casts = ['picked' => 'datetime', 'sizes' => 'array'];
}

$pdo = new PDO('sqlite::memory:');
$pdo->exec('CREATE TABLE pears (name TEXT, price REAL, raw BLOB)');
$dbal = DriverManager::getConnection(['driver' => 'pdo_sqlite', 'memory' => true]);
$dbal->executeStatement('CREATE TABLE pears (id INTEGER PRIMARY KEY, name TEXT)');
$capsule = new Manager();
$capsule->addConnection(['driver' => 'sqlite', 'database' => ':memory:']);
$capsule->setAsGlobal();
$capsule->bootEloquent();
Manager::schema()->create('pears', function ($table) {
    $table->id();
    $table->string('name');
    $table->dateTime('picked')->nullable();
    $table->json('sizes')->nullable();
});

return function (array $event) use ($pdo, $dbal): mixed {
    $name = $event['name'];
    switch ($event['by']) {
        case 'pdo':
            $pdo->prepare('INSERT INTO pears VALUES (?, ?, ?)')->execute([$name, 1.5, "\xff"]);
            return $pdo->query('SELECT name, price, hex(raw) AS raw, (SELECT count(*) FROM pears) AS n FROM pears LIMIT 1')->fetch(PDO::FETCH_ASSOC);
        case 'dbal':
            $dbal->transactional(fn ($db) => $db->insert('pears', ['name' => $name]));
            return $dbal->fetchAllAssociative('SELECT * FROM pears WHERE name = ?', [$name]);
        case 'eloquent':
            Pear::create(['name' => $name, 'picked' => '2026-01-02 03:04:05', 'sizes' => [1, 2.5]]);
            return Pear::where('name', $name)->get();
        case 'missing':
            return Pear::findOrFail(99);
        case 'sql':
            return $pdo->query('SELECT * FROM nowhere');
    }
};
