<?php
namespace Shop;

class Pear
{
    public string $name = 'Williams';
}
